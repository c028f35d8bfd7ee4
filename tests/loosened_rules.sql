-- What goes wrong when somebody allows every change of status and the app then writes as it likes: the
-- history records it.
insert into earnings.status_rules (from_status, to_status, kind, condition, rule)
select
    before.status,
    later.status,
    'transition',
    'somebody has allowed it',
    'R2'
from unnest(array['projected', 'pending', 'available', 'paid', 'reversed']) as before (status)
cross join unnest(array['projected', 'pending', 'available', 'paid', 'reversed']) as later (status)
where before.status <> later.status
on conflict (from_status, to_status) do update
    set kind = excluded.kind;

update public.payments_earningstransaction
set status = 'available', updated_at = now()
where id in (
        select id
        from public.payments_earningstransaction
        where status = 'projected'
        order by id
        limit 3
    );

update public.payments_earningstransaction
set status = 'projected', updated_at = now()
where id in (
        select id
        from public.payments_earningstransaction
        where status = 'pending'
        order by id
        limit 3
    );
