-- A function that is missing has no id.
drop function earnings.balance_at_closing(bigint, text);

select 0
