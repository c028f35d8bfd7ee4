-- earnings_migration.tg_bookings__pair_credit_links()
--
-- Keeps the two names of the credit usage link equal until contract (R23): the changed
-- one wins; when both changed and differ, credit_usage_transaction_id does.  A NULL that
-- a save brings along (updated_at moves) is stale and the link stays; a NULL written by
-- itself clears both.
--
-- Fired by  earnings_050_pair_credit_links on public.bookings_booking
-- Writes    earnings.corrections, exceptions

create or replace function earnings_migration.tg_bookings__pair_credit_links()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offered constant jsonb := jsonb_build_object(
        'payment_transaction_id', new.payment_transaction_id,
        'credit_usage_transaction_id', new.credit_usage_transaction_id
    );
    v_old_link bigint;
    v_link bigint;
    v_has_changed boolean := true;
begin
    if tg_op = 'INSERT' then
        v_link := coalesce(new.credit_usage_transaction_id, new.payment_transaction_id);
    else
        v_old_link := coalesce(old.credit_usage_transaction_id, old.payment_transaction_id);
        if new.credit_usage_transaction_id is distinct from old.credit_usage_transaction_id then
            v_link := new.credit_usage_transaction_id;
        elsif new.payment_transaction_id is distinct from old.payment_transaction_id then
            v_link := new.payment_transaction_id;
        else
            v_link := v_old_link;
            v_has_changed := false;
        end if;

        if v_has_changed and v_link is null and new.updated_at is distinct from old.updated_at then
            v_link := v_old_link;
            perform earnings.record_correction(
                'booking',
                new.id,
                'R23',
                v_offered,
                jsonb_build_object('payment_transaction_id', v_link, 'credit_usage_transaction_id', v_link),
                'a save that does not know the credit link keeps it'
            );
        end if;
    end if;

    if new.payment_transaction_id <> new.credit_usage_transaction_id
        and (
            tg_op = 'INSERT'
            or (
                new.payment_transaction_id is distinct from old.payment_transaction_id
                and new.credit_usage_transaction_id is distinct from old.credit_usage_transaction_id
            )
        )
    then
        perform earnings.raise_exception_row('credit_links_differ', 'booking', new.id, v_offered);
    end if;

    new.payment_transaction_id := v_link;
    new.credit_usage_transaction_id := v_link;
    return new;
end
$$;

comment on function earnings_migration.tg_bookings__pair_credit_links()
is 'Keeps the two names of the credit usage link equal until contract (R23).';
