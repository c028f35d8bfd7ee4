-- Every statement of the last build, in one row per part.

select
    statements.practitioner_id,
    statements.currency,
    statements.month_on,
    parts.part,
    parts.cents
from finance.practitioner_statements as statements
cross join
    lateral (
        values
        ('opening', statements.opening_cents),
        ('brought in', statements.brought_in_cents),
        ('earned', statements.earned_cents),
        ('adjusted', statements.adjusted_cents),
        ('corrected', statements.corrected_cents),
        ('reversed', statements.reversed_cents),
        ('clawed back', statements.clawed_back_cents),
        ('paid', statements.paid_cents),
        ('closing', statements.closing_cents)
    ) as parts (part, cents)
where parts.cents <> 0;
