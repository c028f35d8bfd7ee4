-- Goes before the text of a plan.

insert into planned (
    table_name, row_id, operation, reason, practitioner_id, currency, amount_cents, before, after
)
