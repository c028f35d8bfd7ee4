-- The app's columns that the pipeline reads or writes and that this database lacks,
-- one row per table.  Columns that only one form of the app has are left out.
with

required (table_name, column_names) as (

    values
    (
        'bookings_booking',
        'id created_at updated_at is_deleted deleted_at start_time end_time actual_start_time '
        || 'actual_end_time status payment_status title price_charged_cents discount_amount_cents '
        || 'final_amount_cents service_name_snapshot practitioner_name_snapshot completed_at '
        || 'no_show_at canceled_at status_changed_at practitioner_id rescheduled_from_id '
        || 'service_id service_session_id user_id metadata'
    ),
    (
        'package_completion_records',
        'id status total_sessions completed_sessions package_booking_id'
    ),
    (
        'payments_earningstransaction',
        'id created_at updated_at gross_amount_cents commission_rate commission_amount_cents '
        || 'net_amount_cents status available_after currency description transaction_type metadata '
        || 'booking_id practitioner_id payout_id'
    ),
    (
        'payments_order',
        'id created_at updated_at is_deleted deleted_at public_uuid payment_method '
        || 'stripe_payment_intent_id stripe_payment_method_id subtotal_amount_cents '
        || 'tax_amount_cents credits_applied_cents total_amount_cents status order_type currency '
        || 'metadata tax_details audit_log practitioner_id service_id user_id'
    ),
    (
        'payments_practitionerearnings',
        'id created_at updated_at pending_balance_cents available_balance_cents '
        || 'lifetime_earnings_cents lifetime_payouts_cents last_payout_date practitioner_id'
    ),
    (
        'payments_practitionerpayout',
        'id created_at updated_at payout_date credits_payout_cents cash_payout_cents '
        || 'commission_collected_cents status batch_id currency practitioner_id'
    ),
    ('payments_usercreditbalance', 'id balance_cents user_id'),
    (
        'payments_usercredittransaction',
        'id created_at updated_at amount_cents transaction_type currency booking_id order_id '
        || 'practitioner_id service_id user_id'
    ),
    ('practitioner_subscriptions', 'id status start_date end_date practitioner_id tier_id'),
    ('practitioners_practitioner', 'id display_name user_id'),
    ('service_relationships', 'id quantity child_service_id parent_service_id'),
    ('service_sessions', 'id start_time end_time service_id'),
    ('service_type_commissions', 'id base_rate is_active created_at service_type_id'),
    (
        'services_service',
        'id name price_cents validity_days sessions_included primary_practitioner_id '
        || 'service_type_id'
    ),
    ('services_servicetype', 'id name code'),
    ('subscription_tiers', 'id name is_active'),
    (
        'tier_commission_adjustments',
        'id adjustment_percentage is_active service_type_commission_id tier_id'
    ),
    ('users_user', 'id')

),

required_columns as (

    select
        required.table_name,
        columns.column_name,
        columns.position
    from required
    cross join
        lateral
        string_to_table(required.column_names, ' ')
        with ordinality as columns (column_name, position)

)

select
    required_columns.table_name,
    to_regclass('public.' || required_columns.table_name) is not null as is_table_there,
    array_agg(required_columns.column_name order by required_columns.position) as column_names
from required_columns
left join pg_catalog.pg_attribute as attributes
    on
        to_regclass('public.' || required_columns.table_name) = attributes.attrelid
        and required_columns.column_name = attributes.attname
        and attributes.attnum > 0
        and not attributes.attisdropped
where attributes.attname is null
group by required_columns.table_name
order by required_columns.table_name
