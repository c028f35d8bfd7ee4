-- earnings.tg_transitions__refuse_change()
--
-- Keeps the history append-only (R19), also against its owner's mistakes.
--
-- Fired by  earnings_100_refuse_change and earnings_100_refuse_truncate on earnings.transitions
-- Raises    23X08

create or replace function earnings.tg_transitions__refuse_change()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the history of earnings cannot be changed'
        using
            errcode = '23X08',
            detail = format('%s on earnings.transitions was refused.', tg_op),
            hint = 'Change the earnings row; that appends a transition.';
end
$$;

comment on function earnings.tg_transitions__refuse_change() is 'Keeps the history append-only (R19).';
