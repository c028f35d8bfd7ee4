-- earnings.is_delivery(transaction_type)
--
-- True for earnings that a delivery earns; false for the rows beside them.

create or replace function earnings.is_delivery(transaction_type text)
returns boolean
language sql
immutable
parallel safe
as $$
    select transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal');
$$;

comment on function earnings.is_delivery(text)
is 'True for earnings that a delivery earns; false for bonus, adjustment, clawback and reversal rows.';
