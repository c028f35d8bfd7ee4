-- The practitioners that the functions answer for.

select id
from public.practitioners_practitioner;
