-- earnings.changed_keys(image, other)
--
-- The keys of one row image whose values differ in the other.

create or replace function earnings.changed_keys(image jsonb, other jsonb)
returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(pairs.key, pairs.value), '{}')
    from jsonb_each(changed_keys.image) as pairs
    where pairs.value is distinct from changed_keys.other -> pairs.key;
$$;

comment on function earnings.changed_keys(jsonb, jsonb)
is 'The keys of one row image whose values differ in the other.';
