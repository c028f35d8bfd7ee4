-- earnings.moment(value)
--
-- The moment that a text of the app's JSON names, in UTC when it has no offset; null when it
-- names none.

create or replace function earnings.moment(value text)
returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    if moment.value !~ '^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$' then
        return null;
    end if;

    return moment.value::timestamptz;
exception
    when datetime_field_overflow or invalid_datetime_format then
        return null;
end
$$;

comment on function earnings.moment(text)
is 'The moment that a text of the app''s JSON names, in UTC when it has no offset; null when it names none.';
