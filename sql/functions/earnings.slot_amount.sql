-- earnings.slot_amount(price_cents, session_count, slot_number)
--
-- What one slot of a package is worth, in cents (R7).  Slots are cut by running
-- total: each is floor(P / n) or one cent more, and all together are exactly P.

create or replace function earnings.slot_amount(
    price_cents integer,
    session_count integer,
    slot_number integer
)
returns integer
language sql
immutable
parallel safe
strict
as $$
    select (
        slot_number::bigint * price_cents / session_count
        - (slot_number::bigint - 1) * price_cents / session_count
    )::integer;
$$;

comment on function earnings.slot_amount(integer, integer, integer)
is 'What one slot of a package is worth, in cents; all slots together are exactly the price (R7).';
