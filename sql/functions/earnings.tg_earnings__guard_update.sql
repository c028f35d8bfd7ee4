-- earnings.tg_earnings__guard_update()
--
-- Lets a status change only as earnings.status_rules allows, keeps what the engine set
-- when a stale save brings the old values back, and refuses changed amounts (R2, R3, R5).
-- Corrections, which some rules are, are open to the engine and the migration only.
--
-- Fired by  earnings_100_guard_update on public.payments_earningstransaction
-- Raises    23X01 no rule allows the change, 23X02 the hold has not elapsed,
--           23X03 paid without a payout, 23X05 changed amounts, 23X07 unknown status,
--           23X12 paid by another payout already, or by one that cannot pay it
-- Writes    earnings.corrections

create or replace function earnings.tg_earnings__guard_update()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offered constant jsonb := to_jsonb(new);
    v_stored jsonb;
    v_reason text;
begin
    new.status := earnings.known_status(new);

    if (new.gross_amount_cents, new.commission_rate, new.commission_amount_cents, new.net_amount_cents)
        is distinct from
        (old.gross_amount_cents, old.commission_rate, old.commission_amount_cents, old.net_amount_cents)
        or (new.currency, new.practitioner_id, new.booking_id, new.transaction_type)
        is distinct from (old.currency, old.practitioner_id, old.booking_id, old.transaction_type)
    then
        if new.practitioner_id = old.practitioner_id
            and (
                new.booking_id = old.booking_id
                or exists (
                    select
                    from earnings.transitions as history
                    where history.earnings_id = new.id and history.booking_id = new.booking_id
                )
            )
            and earnings.was_offered(new)
        then
            new.booking_id := old.booking_id;
            new.gross_amount_cents := old.gross_amount_cents;
            new.commission_rate := old.commission_rate;
            new.commission_amount_cents := old.commission_amount_cents;
            new.net_amount_cents := old.net_amount_cents;
            new.currency := old.currency;
            new.transaction_type := old.transaction_type;
            v_reason := 'a stale save brought back what the engine has changed since';
        else
            raise exception 'earnings % cannot change their amounts, currency, practitioner or booking', new.id
                using
                    errcode = '23X05',
                    detail = 'These are facts of the delivery from the moment the row exists.',
                    hint = 'Write an adjustment row instead.';
        end if;
    end if;

    if old.status = 'paid' and new.status = 'paid' and new.payout_id <> old.payout_id then
        raise exception 'earnings % cannot be paid by payout %', new.id, new.payout_id
            using
                errcode = '23X12',
                detail = format('Payout %s has paid them.', old.payout_id),
                hint = 'Read the available rows again and pay those.';
    end if;

    if old.status <> 'paid' and new.status = 'paid' and exists (
        select
        from public.payments_practitionerpayout as payouts
        where payouts.id = new.payout_id
            and (
                payouts.practitioner_id <> new.practitioner_id
                or payouts.currency <> new.currency
                or payouts.status in ('failed', 'canceled', 'cancelled')
            )
    ) then
        raise exception 'earnings % cannot be paid by payout %', new.id, new.payout_id
            using
                errcode = '23X12',
                detail = 'It is of another practitioner or currency, or has failed.',
                hint = 'Create a payout of the practitioner''s available rows of one currency.';
    end if;

    if new.status is distinct from old.status then
        if old.status = 'paid' and new.status = 'reversed' then
            new.status := old.status;
            perform earnings.claw_back(new.booking_id, 'a paid row was asked to be reversed');
            v_reason := 'paid earnings stay paid and are clawed back';
        elsif new.status = 'reversed'
            and (
                (old.transaction_type = 'clawback' and old.metadata ? 'original_ids')
                or (old.transaction_type = 'adjustment' and old.metadata ? 'refunded_cents')
            )
        then
            new.status := old.status;
            v_reason := 'what a refund or a clawback has written is reversed by earnings.correct_status only';
        elsif new.status = 'reversed' and earnings.is_clawed_back(old) then
            new.status := old.status;
            v_reason := 'a clawback has taken the row back already';
        elsif old.status = 'paid' and new.status = 'available' and not earnings.payout_has_failed(old.payout_id) then
            new.status := old.status;
            v_reason := 'the row returns when its payout fails or is canceled';
        elsif old.status = 'projected' and new.status = 'pending' and not earnings.earns(old.booking_id) then
            new.status := old.status;
            v_reason := 'the booking is not delivered yet, has no slot, or is earned elsewhere';
        else
            perform earnings.refuse_illegal_change(old, new.status, new.payout_id);
        end if;
    end if;

    -- what links a clawback or an adjustment to its original
    if new.metadata is distinct from old.metadata and old.metadata ?| array['original_ids', 'refunded_cents', 'opposite_of'] then
        new.metadata := coalesce(new.metadata, '{}') || jsonb_strip_nulls(
            jsonb_build_object(
                'original_ids', old.metadata -> 'original_ids',
                'refunded_cents', old.metadata -> 'refunded_cents',
                'opposite_of', old.metadata -> 'opposite_of'
            )
        );
    end if;

    new.available_after := old.available_after;
    if new.status = 'available' and old.status = 'paid' then
        new.payout_id := null;
    elsif not (new.status = 'paid' and old.status = 'available') then
        new.payout_id := old.payout_id;
    end if;

    v_stored := to_jsonb(new);
    if v_stored is distinct from v_offered then
        perform earnings.record_correction(
            'earnings',
            new.id,
            'R3',
            earnings.changed_keys(v_offered, v_stored),
            earnings.changed_keys(v_stored, v_offered),
            coalesce(v_reason, 'the engine keeps the hold and the payout of a row')
        );
    end if;

    return new;
end
$$;

comment on function earnings.tg_earnings__guard_update()
is 'Lets a status change only as the rules allow and refuses changed amounts (R2, R3, R5).';
