-- Practitioner, currency and status for which legacy, what each step changed and live traffic do
-- not add up to what there is now, in cents or in rows (R25).  Legacy is the history's openings;
-- a step, the images that the migration kept; live, every other entry of the history; now, the
-- app's table.  A change that was undone counts as live, and so does its undoing.

with

steps as (

    select
        changes.row_id,
        changes.step,
        changes.transaction_id,
        changes.practitioner_id,
        changes.currency,
        changes.before ->> 'status' as from_status,
        (changes.before ->> 'net_amount_cents')::bigint as from_cents,
        changes.after ->> 'status' as to_status,
        (changes.after ->> 'net_amount_cents')::bigint as to_cents
    from earnings_migration.row_changes as changes
    where changes.table_name = 'payments_earningstransaction' and changes.reverted_at is null

),

movements as (

    select
        practitioner_id,
        currency,
        from_status,
        from_cents,
        to_status,
        to_cents
    from steps

    union all

    select
        entries.practitioner_id,
        entries.currency,
        entries.from_status,
        entries.from_net_amount_cents as from_cents,
        entries.to_status,
        entries.net_amount_cents as to_cents
    from earnings.transitions as entries
    where not exists (
            select
            from steps
            where steps.row_id = entries.earnings_id
                and steps.step = entries.reason
                and steps.transaction_id = entries.transaction_id
        )

),

postings as (

    select
        practitioner_id,
        currency,
        to_status as status,
        to_cents as cents,
        1 as row_count
    from movements
    where to_status is not null

    union all

    select
        practitioner_id,
        currency,
        from_status as status,
        -from_cents as cents,
        -1 as row_count
    from movements
    where from_status is not null

    union all

    select
        practitioner_id,
        currency,
        status,
        -net_amount_cents as cents,
        -1 as row_count
    from public.payments_earningstransaction

)

select
    'practitioner' as subject,
    practitioner_id as subject_id,
    format(
        '%s %s: %s cents and %s rows are not accounted for', status, currency, -sum(cents), -sum(row_count)
    ) as detail
from postings
group by practitioner_id, currency, status
having sum(cents) <> 0 or sum(row_count) <> 0
