-- One sequential pass of aggregation over the tables that the models read.
select
    (
        select jsonb_agg(sums)
        from (
            select
                bookings.practitioner_id,
                bookings.status,
                count(*) as row_count,
                sum(bookings.final_amount_cents) as cents
            from public.bookings_booking as bookings
            group by bookings.practitioner_id, bookings.status
        ) as sums
    ) as bookings,
    (
        select jsonb_agg(sums)
        from (
            select
                orders.practitioner_id,
                orders.order_type,
                count(*) as row_count,
                sum(orders.total_amount_cents) as cents
            from public.payments_order as orders
            group by orders.practitioner_id, orders.order_type
        ) as sums
    ) as orders,
    (
        select jsonb_agg(sums)
        from (
            select
                entries.practitioner_id,
                entries.status,
                count(*) as row_count,
                sum(entries.net_amount_cents) as cents
            from public.payments_earningstransaction as entries
            group by entries.practitioner_id, entries.status
        ) as sums
    ) as earnings,
    (
        select jsonb_agg(sums)
        from (
            select
                credits.user_id,
                credits.transaction_type,
                count(*) as row_count,
                sum(credits.amount_cents) as cents
            from public.payments_usercredittransaction as credits
            group by credits.user_id, credits.transaction_type
        ) as sums
    ) as credits,
    (
        select jsonb_agg(sums)
        from (
            select
                entries.practitioner_id,
                entries.to_status,
                count(*) as row_count,
                sum(entries.net_amount_cents) as cents
            from earnings.transitions as entries
            group by entries.practitioner_id, entries.to_status
        ) as sums
    ) as history
