-- Every adjustment of a refund, and every clawback, names the earnings rows that it takes from,
-- and they are its booking's.
--
-- Rule      R9
-- Reads     earnings
-- If not    What was taken back cannot be explained, and would be taken back again. Write the ids
--           of the booking's rows into original_ids of its metadata.

with

takings as (

    select
        id,
        booking_id,
        transaction_type,
        metadata,
        case
            when jsonb_typeof(metadata -> 'original_ids') = 'array' then metadata -> 'original_ids'
            else '[]'
        end as original_ids
    from public.payments_earningstransaction
    where
        status <> 'reversed'
        and (
            transaction_type = 'clawback'
            or (transaction_type = 'adjustment' and metadata ? 'refunded_cents')
        )

)

select
    'earnings' as subject,
    takings.id as subject_id,
    format('%s of booking %s from %s', takings.transaction_type, takings.booking_id, takings.original_ids) as detail
from takings
where
    jsonb_array_length(takings.original_ids) = 0
    or exists (
        select
        from jsonb_array_elements_text(takings.original_ids) as originals (id)
        where
            not exists (
                select
                from public.payments_earningstransaction as named
                where named.id::text = originals.id and named.booking_id = takings.booking_id
            )
    )
