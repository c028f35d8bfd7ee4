-- One row per item of what the data migration has to have reached: how many rows offend against
-- it, by the queries of sql/checklist and sql/checks that scripts/earnings migrate verify runs.
{%- set queries = [
    'bookings_name_their_order',
    'canceled_bookings_earn_nothing_unpaid',
    'contracted_columns_are_gone',
    'delivered_sessions_take_the_free_slots',
    'earnings_can_be_projected',
    'every_change_can_be_undone',
    'every_delivered_booking_earns',
    'every_new_sale_has_its_order',
    'every_old_booking_has_its_order',
    'every_old_booking_is_there',
    'every_old_earnings_row_is_tracked',
    'every_old_order_is_there',
    'every_status_is_known',
    'every_step_is_done',
    'history_sums_to_the_tables',
    'holds_begin_at_the_delivery',
    'holds_match',
    'no_data_is_orphaned',
    'no_illegal_pair_in_the_history',
    'no_pending_before_delivery',
    'nothing_stays_projected_after_delivery',
    'one_live_delivery_row_per_booking',
    'only_paid_earnings_have_a_payout',
    'orders_hold_package_metadata',
    'package_orders_say_what_was_sold',
    'practitioner_balances_add_up',
    'projected_is_a_status',
    'purchases_are_described_by_their_order',
    'purchases_earn_nothing_unpaid',
    'session_counts_are_facts',
    'sessions_earn_their_slot',
    'sessions_hang_on_their_order',
    'sessions_pay_their_own_commission',
    'slots_are_worth_the_price',
    'slots_belong_to_delivered_sessions',
    'triggers_are_enabled',
] %}

with

offences as (

    {% for query in queries -%}
        select
            '{{ query }}' as query,
            count(*) as offender_count
        from {{ ref(query) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

items as (

    select
        item_number,
        part,
        item,
        query,
        command
    from {{ ref('checklist_items') }}

),

judged as (

    select
        items.item_number::integer as item_number,
        items.part::text as part,
        items.item::text as item,
        string_agg(items.query, ', ' order by items.query)::text as queries,
        min(items.command)::text as command,
        sum(offences.offender_count)::bigint as offender_count,
        sum(offences.offender_count) = 0 as is_met
    from items
    left join offences on items.query = offences.query
    group by items.item_number, items.part, items.item

)

select * from judged
