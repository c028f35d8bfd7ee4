-- earnings.setting(name)
--
-- The value of one setting; null when there is none of that name.
--
-- Reads     earnings.settings

create or replace function earnings.setting(name text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select settings.value
    from earnings.settings
    where settings.name = setting.name;
$$;

comment on function earnings.setting(text) is 'The value of one setting; null when there is none of that name.';
