-- Every order that was there when the migration began is still there, or was taken off
-- earnings_migration.legacy_rows by somebody who knows why it is gone.

select
    'order' as subject,
    old_ids.id as subject_id,
    'it was there when the migration began, and is gone' as detail
from earnings_migration.legacy_rows
cross join unnest(legacy_rows.ids) as stretches (stretch)
cross join generate_series(lower(stretches.stretch), upper(stretches.stretch) - 1) as old_ids (id)
where legacy_rows.table_name = 'payments_order'
    and not exists (select from public.payments_order as present where present.id = old_ids.id)
