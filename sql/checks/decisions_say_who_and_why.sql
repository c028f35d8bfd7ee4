-- Every exception that is closed says when, by whom and why.
--
-- Rule      R18
-- Reads     the exceptions
-- If not    Nobody can tell later what was decided. Ask who closed it, and write the resolution.

select
    'exception' as subject,
    id as subject_id,
    format(
        '%s of %s %s, closed at %s by %s: %s', kind, subject, subject_id, coalesce(resolved_at::text, 'no time'),
        coalesce(resolved_by, 'nobody'), coalesce(resolution, 'no reason')
    ) as detail
from earnings.exceptions
where
    num_nonnulls(resolved_at, nullif(trim(resolved_by), ''), nullif(trim(resolution), '')) not in (0, 3)
