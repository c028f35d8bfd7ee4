-- What the database holds of the practitioners given, as one JSON document.
select
    jsonb_build_object(
        'earnings', (
            select
                coalesce(jsonb_agg(jsonb_build_object(
                    'id', earnings.id,
                    'booking_id', earnings.booking_id,
                    'practitioner_id', earnings.practitioner_id,
                    'kind', case earnings.transaction_type
                        when 'clawback' then 'clawback'
                        when 'adjustment' then 'adjustment'
                        when 'bonus' then 'bonus'
                        when 'reversal' then 'reversal'
                        else 'booking_completion'
                    end,
                    'status', earnings.status,
                    'gross', earnings.gross_amount_cents,
                    'commission', earnings.commission_amount_cents,
                    'net', earnings.net_amount_cents,
                    'available_after', extract(epoch from earnings.available_after),
                    'created_at', extract(epoch from earnings.created_at),
                    'payout_id', earnings.payout_id
                ) order by earnings.id), '[]')
            from public.payments_earningstransaction as earnings
            where earnings.practitioner_id = any (%(practitioner_ids)s)
        ),
        'bookings', (
            select
                coalesce(jsonb_object_agg(bookings.id, jsonb_build_object(
                    'status', bookings.status,
                    'order_id', bookings.order_id,
                    'completed_at', extract(epoch from bookings.completed_at)
                )), '{}')
            from public.bookings_booking as bookings
            where bookings.practitioner_id = any (%(practitioner_ids)s)
        ),
        'orders', (
            select
                coalesce(jsonb_object_agg(orders.id, jsonb_build_object(
                    'type', orders.order_type,
                    'completed', orders.package_metadata -> 'sessions_completed',
                    'total', orders.package_metadata -> 'total_sessions',
                    'value', orders.package_metadata -> 'session_value_cents'
                )), '{}')
            from public.payments_order as orders
            where orders.practitioner_id = any (%(practitioner_ids)s)
        ),
        'slots', (
            select coalesce(jsonb_object_agg(slots.booking_id, jsonb_build_object(
                'order_id', slots.order_id, 'number', slots.slot_number, 'cents', slots.amount_cents
            )), '{}')
            from earnings.session_slots as slots
            inner join public.payments_order as orders on slots.order_id = orders.id
            where orders.practitioner_id = any (%(practitioner_ids)s)
        ),
        'payouts', (
            select coalesce(jsonb_object_agg(payouts.id, jsonb_build_object(
                'status', payouts.status,
                'cents', coalesce(payouts.credits_payout_cents, 0) + coalesce(payouts.cash_payout_cents, 0)
            )), '{}')
            from public.payments_practitionerpayout as payouts
            where payouts.practitioner_id = any (%(practitioner_ids)s)
        ),
        'breakage', (
            select coalesce(jsonb_object_agg(breakage.order_id, jsonb_build_array(
                breakage.session_count, breakage.amount_cents
            )), '{}')
            from earnings.breakage
            inner join public.payments_order as orders on breakage.order_id = orders.id
            where orders.practitioner_id = any (%(practitioner_ids)s)
        )
    )
