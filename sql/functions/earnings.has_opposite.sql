-- earnings.has_opposite(earnings_row)
--
-- True for an adjustment that stands beside its live opposite, whichever of the two it is: what
-- it took from was reversed after it was paid, and both together are nothing (R9).
--
-- Reads     public.payments_earningstransaction

create or replace function earnings.has_opposite(earnings_row public.payments_earningstransaction)
returns boolean
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from public.payments_earningstransaction as opposites
        where opposites.booking_id = earnings_row.booking_id
            and opposites.status <> 'reversed'
            and (
                opposites.metadata @> jsonb_build_object('opposite_of', earnings_row.id)
                or earnings_row.metadata @> jsonb_build_object('opposite_of', opposites.id)
            )
    );
$$;

comment on function earnings.has_opposite(public.payments_earningstransaction)
is 'True for an adjustment that stands beside its live opposite (R9).';
