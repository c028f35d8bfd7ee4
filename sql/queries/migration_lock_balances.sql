-- Locks the cached balances that a batch touches, by practitioner (R20).

select balances.id
from payments_practitionerearnings as balances
where balances.id in (
        select planned.row_id
        from planned
        where planned.table_name = 'payments_practitionerearnings'
    )
order by balances.practitioner_id
for no key update of balances;
