-- earnings.close_period(name)
--
-- Makes a closing: stores what is visible now, so that the balances at this closing stay
-- exactly what they are for ever, whatever commits later (R19).  Returns the closing's id;
-- closing the same name again returns the first one.  What its own transaction has written
-- is not in it: close in a transaction of its own.  For members of earnings_operator.
--
-- Writes    earnings.closings

create or replace function earnings.close_period(name text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into earnings.closings (name, closed_at, snapshot)
    values (close_period.name, clock_timestamp(), pg_current_snapshot())
    on conflict on constraint closings_name_key do nothing;

    return (select closings.id from earnings.closings where closings.name = close_period.name);
end
$$;

comment on function earnings.close_period(text)
is 'Makes a closing, whose balances stay exactly what they are for ever; returns its id (R19).';
