-- What tells, in the server's log, which mutants a test could notice. A line for each number
-- that a transaction reaches: a rollback does not take it back, and no role needs a right.

create schema probes;
grant usage on schema probes to public;

create function probes.reach(number integer)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reached constant text := coalesce(current_setting('probes.reached', true), '');
begin
    if position(' ' || reach.number || ' ' in v_reached) = 0 then
        raise log 'reached %', reach.number;
        perform set_config('probes.reached', v_reached || ' ' || reach.number || ' ', true);
    end if;
end
$$;

-- The condition itself; tells which of the mutants decide otherwise here.
create function probes.compare(condition boolean, numbers integer[], mutated boolean[])
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    for v_place in 1 .. cardinality(compare.numbers) loop
        if compare.mutated[v_place] is distinct from compare.condition then
            perform probes.reach(compare.numbers[v_place]);
        end if;
    end loop;
    return compare.condition;
end
$$;
