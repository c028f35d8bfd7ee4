-- earnings.refuse_unknown_moment(practitioner_id, as_of)
--
-- Returns when the history can answer for the practitioner at that moment, else raises.  It can from
-- the moment on at which every row had its opening; of an engine that was taken off and put back,
-- from the first time on.
--
-- Reads     earnings.changes, public.practitioners_practitioner
-- Raises    23X11 a moment before the history opens, 23X13 no such practitioner

create or replace function earnings.refuse_unknown_moment(practitioner_id bigint, as_of timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_opened_at constant timestamptz := (
        select coalesce(min(changes.applied_at), 'infinity')
        from earnings.changes
        where changes.name in ('history opened', 'history first opened')
    );
begin
    if not exists (
        select
        from public.practitioners_practitioner as practitioners
        where practitioners.id = refuse_unknown_moment.practitioner_id
    ) then
        raise exception 'practitioner % is not known', refuse_unknown_moment.practitioner_id
            using
                errcode = '23X13',
                detail = 'There is no such practitioner.',
                hint = 'Check the id.';
    end if;

    if refuse_unknown_moment.as_of is null or refuse_unknown_moment.as_of < v_opened_at then
        raise exception 'the balance as of % is not known', refuse_unknown_moment.as_of
            using
                errcode = '23X11',
                detail = format('The history opens at %s.', v_opened_at),
                hint = 'Ask for a later moment.';
    end if;
end
$$;

comment on function earnings.refuse_unknown_moment(bigint, timestamptz)
is 'Returns when the history can answer for the practitioner at that moment, else raises.';
