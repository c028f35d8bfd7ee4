-- Dirty shapes at random, on top of those of a sample: there each stands alone, here they meet on
-- the same rows.  The seed is the setting test.seed; what happens to a row hangs on the seed and
-- its id alone, so that a seed makes the same marketplace every time.

create function pg_temp.draw(what text, id bigint) returns double precision language sql as $$
    select ('x' || left(md5(concat_ws('/', current_setting('test.seed'), what, id)), 7))::bit(28)::integer / 2.0 ^ 28;
$$;

create function pg_temp.pick(choices text[], what text, id bigint) returns text language sql as $$
    select choices[1 + floor(pg_temp.draw(what, id) * cardinality(choices))::integer];
$$;

update bookings_booking
set
    status = pg_temp.pick(
        array[
            'draft', 'pending_payment', 'confirmed', 'in_progress', 'completed', 'canceled', 'no_show', 'scheduled',
            'cancelled'
        ],
        'status',
        id
    )
where pg_temp.draw('booking', id) < 0.1 and status <> 'rescheduled';

update bookings_booking set completed_at = null where pg_temp.draw('completed_at', id) < 0.05;

update bookings_booking set actual_end_time = null where pg_temp.draw('actual_end_time', id) < 0.05;

update bookings_booking set start_time = null, end_time = null where pg_temp.draw('times', id) < 0.03;

update bookings_booking set service_session_id = null where pg_temp.draw('service_session', id) < 0.05;

update bookings_booking
set payment_status = pg_temp.pick(array['unpaid', 'paid', 'partially_refunded', 'refunded'], 'payment_status', id)
where pg_temp.draw('payment', id) < 0.05;

update bookings_booking
set price_charged_cents = 0, discount_amount_cents = 0, final_amount_cents = 0
where pg_temp.draw('free', id) < 0.02;

update bookings_booking set is_deleted = true, deleted_at = updated_at where pg_temp.draw('deleted', id) < 0.02;

-- A child whose parent is forgotten; a sale that was never marked as one.
update bookings_booking
set parent_booking_id = null
where parent_booking_id is not null and pg_temp.draw('orphan', id) < 0.03;

update bookings_booking
set is_package_purchase = false, is_bundle_purchase = false
where (is_package_purchase or is_bundle_purchase) and pg_temp.draw('unmarked', id) < 0.03;

update bookings_booking
set practitioner_id = others.practitioner_id
from (
    select
        id,
        lead(practitioner_id, 3) over (order by id) as practitioner_id
    from bookings_booking
) as others
where bookings_booking.id = others.id
    and others.practitioner_id is not null
    and pg_temp.draw('practitioner', bookings_booking.id) < 0.01;

-- Rescheduled once more: from an earlier booking of the same client and service.
update bookings_booking
set rescheduled_from_id = earlier.id, payment_status = 'unpaid'
from (
    select
        id,
        lead(id) over (partition by user_id, service_id order by id) as successor_id
    from bookings_booking
    where parent_booking_id is null and not is_package_purchase and not is_bundle_purchase
) as earlier
where bookings_booking.id = earlier.successor_id
    and bookings_booking.rescheduled_from_id is null
    and not exists (select from bookings_booking as known where known.rescheduled_from_id = earlier.id)
    and pg_temp.draw('successor', bookings_booking.id) < 0.1;

update bookings_booking
set status = 'rescheduled'
where exists (select from bookings_booking as successors where successors.rescheduled_from_id = bookings_booking.id)
    and pg_temp.draw('rescheduled', id) < 0.8;

update payments_order
set
    status = pg_temp.pick(
        array['pending', 'processing', 'completed', 'failed', 'refunded', 'partially_refunded'], 'status', id
    )
where pg_temp.draw('order', id) < 0.08;

update payments_order
set created_at = created_at + (pg_temp.draw('seconds', id) - 0.5) * interval '20 minutes'
where pg_temp.draw('moved', id) < 0.05;

update payments_order
set created_at = date_trunc('hour', created_at)
where pg_temp.draw('rounded', id) < 0.05;

update payments_order set user_id = others.user_id
from (
    select
        id,
        lead(user_id, 2) over (order by id) as user_id
    from payments_order
) as others
where payments_order.id = others.id and others.user_id is not null and pg_temp.draw('user', payments_order.id) < 0.01;

update payments_usercredittransaction
set booking_id = null
where booking_id is not null and pg_temp.draw('no booking', id) < 0.05;

update payments_usercredittransaction
set order_id = null
where order_id is not null and pg_temp.draw('no order', id) < 0.05;

update payments_usercredittransaction
set booking_id = others.booking_id
from (
    select
        id,
        lead(booking_id, 5) over (order by id) as booking_id
    from payments_usercredittransaction
) as others
where payments_usercredittransaction.id = others.id
    and others.booking_id is not null
    and pg_temp.draw('other booking', payments_usercredittransaction.id) < 0.01;

update payments_practitionerpayout
set status = pg_temp.pick(array['pending', 'processing', 'completed', 'failed', 'canceled', 'cancelled'], 'status', id)
where pg_temp.draw('payout', id) < 0.2;

update payments_practitionerpayout
set practitioner_id = null, credits_payout_cents = null, commission_collected_cents = null
where pg_temp.draw('nobody', id) < 0.05;

update payments_earningstransaction
set
    status = pg_temp.pick(
        array['pending', 'available', 'paid', 'reversed', 'paid_out', 'processing', 'completed'], 'status', id
    )
where pg_temp.draw('earnings', id) < 0.1;

update payments_earningstransaction set payout_id = null where pg_temp.draw('no payout', id) < 0.03;

update payments_earningstransaction
set
    payout_id = (
        select min(payouts.id)
        from payments_practitionerpayout as payouts
        where payouts.practitioner_id = payments_earningstransaction.practitioner_id
    )
where pg_temp.draw('some payout', id) < 0.02;

update payments_earningstransaction
set available_after = available_after + (pg_temp.draw('days', id) - 0.5) * interval '60 days'
where pg_temp.draw('hold', id) < 0.1;

update payments_earningstransaction
set gross_amount_cents = 0, commission_amount_cents = 0, net_amount_cents = 0
where pg_temp.draw('nothing', id) < 0.02;

delete from payments_earningstransaction where pg_temp.draw('missing', id) < 0.05;

insert into payments_earningstransaction (
    created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents, net_amount_cents, status,
    available_after, currency, description, transaction_type, external_fees, metadata, booking_id, practitioner_id,
    payout_id
)
select
    created_at + interval '1 second' as created_at,
    updated_at,
    gross_amount_cents,
    commission_rate,
    commission_amount_cents,
    net_amount_cents,
    pg_temp.pick(array['pending', 'available', 'paid', 'reversed'], 'twin', id) as status,
    available_after,
    currency,
    description,
    transaction_type,
    external_fees,
    metadata,
    booking_id,
    practitioner_id,
    payout_id
from payments_earningstransaction
where pg_temp.draw('twice', id) < 0.05
order by id;

update payments_practitionerearnings
set available_balance_cents = available_balance_cents - 5000, lifetime_earnings_cents = 0
where pg_temp.draw('balance', id) < 0.3;

delete from payments_practitionerearnings where pg_temp.draw('no balance', id) < 0.1;

update services_service set is_deleted = true where pg_temp.draw('service', id) < 0.02;
