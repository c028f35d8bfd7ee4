-- earnings.tg_orders__guard_update()
--
-- Keeps a package order true on every write (R8, R10): sessions_completed is counted
-- anew, under the row's lock and so seeing what committed while it waited; order_type and
-- engine keys that a stale save takes away come back; frozen terms stay (R7).
-- Never refuses and never writes bookings (R3, R20 c).
--
-- Fired by  earnings_100_guard_update on public.payments_order
-- Reads     public.bookings_booking, earnings.package_terms
-- Writes    earnings.corrections, exceptions

create or replace function earnings.tg_orders__guard_update()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offered constant jsonb := jsonb_build_object('order_type', new.order_type, 'package_metadata', new.package_metadata);
    v_stored jsonb;
    v_terms earnings.package_terms;
begin
    if old.order_type in ('package', 'bundle') and new.order_type = 'direct' then
        new.order_type := old.order_type;
    end if;

    if new.package_metadata is not distinct from old.package_metadata then
        new.package_metadata := earnings.usable_metadata(old.package_metadata);
    else
        new.package_metadata := earnings.usable_metadata(old.package_metadata)
            || earnings.usable_metadata(new.package_metadata);
    end if;

    select terms.* into v_terms from earnings.package_terms as terms where terms.order_id = new.id;
    if found then
        if new.subtotal_amount_cents is distinct from old.subtotal_amount_cents
            or new.package_metadata -> 'total_sessions' is distinct from to_jsonb(v_terms.session_count)
        then
            perform earnings.raise_exception_row('terms_changed_after_freeze', 'order', new.id, v_offered);
        end if;
        new.package_metadata := new.package_metadata || jsonb_build_object(
            'total_sessions', v_terms.session_count,
            'session_value_cents', v_terms.price_cents / v_terms.session_count
        );
    end if;

    new.package_metadata := new.package_metadata
        || jsonb_build_object('sessions_completed', earnings.completed_session_count(new.id));

    v_stored := jsonb_build_object('order_type', new.order_type, 'package_metadata', new.package_metadata);
    if v_stored is distinct from v_offered then
        perform earnings.record_correction(
            'order', new.id, 'R8', v_offered, v_stored, 'session counts are facts, and a stale save takes nothing away'
        );
    end if;

    return new;
end
$$;

comment on function earnings.tg_orders__guard_update()
is 'Keeps a package order true on every write: session count, order type, engine keys, frozen terms (R7, R8, R10).';
