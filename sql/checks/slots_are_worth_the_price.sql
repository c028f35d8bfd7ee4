-- Each used slot of a package lies within the sessions sold and is worth its exact share of the
-- price, so that all together are the price; what a paid purchase nets is not netted twice.
--
-- Rule      R7
-- Reads     orders
-- If not    A practitioner earns too much or too little for a session. Compare with
--           finance.session_values and correct by an adjustment.

with

slots as (

    select
        slots.order_id,
        slots.slot_number,
        slots.amount_cents,
        terms.session_count,
        terms.prepaid_cents,
        sum(slots.prepaid_cents) over (partition by slots.order_id) as netted_cents,
        (
            slots.slot_number::bigint * terms.price_cents / terms.session_count
            - (slots.slot_number::bigint - 1) * terms.price_cents / terms.session_count
        ) as share_cents
    from earnings.session_slots as slots
    left join earnings.package_terms as terms on slots.order_id = terms.order_id

)

select distinct
    'order' as subject,
    order_id as subject_id,
    case
        when session_count is null then format('slot %s is used, and the terms are not frozen', slot_number)
        when slot_number > session_count then format('slot %s of %s', slot_number, session_count)
        when amount_cents <> share_cents
            then format(
                    'slot %s is worth %s cents instead of %s', slot_number, amount_cents, share_cents
                )
        else format('%s cents are netted of %s prepaid', netted_cents, prepaid_cents)
    end as detail
from slots
where
    session_count is null
    or slot_number > session_count
    or amount_cents <> share_cents
    or netted_cents > prepaid_cents
