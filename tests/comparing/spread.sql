select
    array_agg(distinct event) as events,
    count(distinct date_trunc('month', stamped_at)) as months,
    count(distinct currency) as currencies,
    (select count(*) from earnings.session_slots) as slots
from earnings.transitions;
