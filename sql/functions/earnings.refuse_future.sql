-- earnings.refuse_future(as_of)
--
-- Returns when the moment has passed, else raises: nothing that writes acts ahead of
-- the clock (R4).
--
-- Raises    23X09

create or replace function earnings.refuse_future(as_of timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if as_of is null or as_of > clock_timestamp() or as_of = '-infinity' then
        raise exception 'nothing can be done as of %', coalesce(as_of::text, 'null')
            using
                errcode = '23X09',
                detail = 'What writes acts as of a moment that has passed.',
                hint = 'Pass a moment that has passed, or leave as_of out for now.';
    end if;
end
$$;

comment on function earnings.refuse_future(timestamptz)
is 'Returns when the moment has passed, else raises: nothing that writes acts ahead of the clock (R4).';
