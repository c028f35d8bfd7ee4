-- A small world of its own for every case: one practitioner, one client, what was sold and
-- what has become of it.  Each kind and state is built once, as the app writes and through the
-- triggers, and kept as rows (interleavings.keep); a case takes a copy under ids of its own
-- (interleavings.make), which is ten times as fast.

create schema interleavings;

create table interleavings.blanks as
select
    columns.table_name,
    jsonb_object_agg(
        columns.column_name,
        case
            when columns.column_name = 'currency' then '"USD"'
            when columns.column_name = 'timezone' then '"UTC"'
            when columns.data_type = 'boolean' then 'false'
            when columns.data_type = 'jsonb' then '{}'
            when columns.data_type in ('integer', 'smallint', 'bigint', 'numeric') then '0'
            else '""'
        end::jsonb
    ) filter (where columns.is_nullable = 'NO' and columns.data_type not in ('uuid', 'timestamp with time zone')) as blank,
    coalesce(array_agg(columns.column_name::text) filter (where columns.is_nullable = 'NO' and columns.data_type = 'uuid'), '{}')
        as uuids,
    coalesce(
        array_agg(columns.column_name::text)
        filter (where columns.is_nullable = 'NO' and columns.data_type = 'timestamp with time zone'),
        '{}'
    ) as times
from information_schema.columns
where columns.table_schema = 'public'
group by columns.table_name;
alter table interleavings.blanks add primary key (table_name);

-- interleavings.blank(table_name, given): a whole row as Python would give it, without its id

create function interleavings.blank(table_name text, given jsonb)
returns jsonb
language sql
volatile
as $$
    select blanks.blank
        || coalesce((select jsonb_object_agg(name, gen_random_uuid()) from unnest(blanks.uuids) as name), '{}')
        || coalesce((select jsonb_object_agg(name, now()) from unnest(blanks.times) as name), '{}')
        || blank.given
        - 'id'
    from interleavings.blanks
    where blanks.table_name = blank.table_name;
$$;

-- interleavings.put(table_name, given): inserts a row with every column, returns its id

create function interleavings.put(table_name text, given jsonb)
returns bigint
language plpgsql
volatile
as $$
declare
    v_id bigint := nextval(pg_get_serial_sequence('public.' || put.table_name, 'id'));
begin
    execute format('insert into public.%1$I select given.* from jsonb_populate_record(null::public.%1$I, $1) as given', put.table_name)
    using interleavings.blank(put.table_name, put.given) || jsonb_build_object('id', v_id);
    return v_id;
end
$$;

-- interleavings.sell(world, given): one booking of the world, with the earnings that the app's
-- task offers for it unless the state is bare

create function interleavings.sell(world jsonb, given jsonb)
returns bigint
language plpgsql
volatile
as $$
declare
    v_booking_id bigint;
begin
    v_booking_id := interleavings.put('bookings_booking', jsonb_build_object(
        'status', 'confirmed', 'payment_status', 'paid', 'max_participants', 1,
        'user_id', world -> 'user_id', 'practitioner_id', world -> 'practitioner_id',
        'service_id', world -> 'service_id',
        'start_time', now() - interval '5 days 1 hour', 'end_time', now() - interval '5 days'
    ) || given);

    if world ->> 'state' <> 'bare' then
        perform interleavings.put('payments_earningstransaction', jsonb_build_object(
            'booking_id', v_booking_id, 'practitioner_id', world -> 'practitioner_id',
            'gross_amount_cents', 10001, 'commission_rate', 15, 'commission_amount_cents', 1500,
            'net_amount_cents', 8501, 'status', 'pending', 'available_after', now() + interval '48 hours',
            'transaction_type', 'booking_completion'
        ));
    end if;

    return v_booking_id;
end
$$;

-- interleavings.deliver(booking_id, state): brings a booking, and its earnings, to the state

create function interleavings.deliver(booking_id bigint, state text)
returns void
language plpgsql
volatile
as $$
declare
    v_payout_id bigint;
begin
    if state in ('delivered', 'due', 'available', 'paid', 'clawed_back', 'undone') then
        update public.bookings_booking as bookings
        set
            status = 'completed',
            completed_at = case when deliver.state = 'delivered' then now() else now() - interval '4 days' end
        where bookings.id = deliver.booking_id;
    elsif state = 'canceled' then
        update public.bookings_booking as bookings
        set status = 'canceled', canceled_at = now()
        where bookings.id = deliver.booking_id;
    elsif state = 'rescheduled' then
        perform interleavings.put('bookings_booking', jsonb_build_object(
            'status', 'confirmed', 'payment_status', 'unpaid', 'max_participants', 1,
            'user_id', bookings.user_id, 'practitioner_id', bookings.practitioner_id,
            'service_id', bookings.service_id, 'service_session_id', bookings.service_session_id,
            'rescheduled_from_id', bookings.id, 'start_time', bookings.start_time, 'end_time', bookings.end_time
        ))
        from public.bookings_booking as bookings
        where bookings.id = deliver.booking_id;

        update public.bookings_booking as bookings
        set status = 'rescheduled'
        where bookings.id = deliver.booking_id;
    end if;

    if state in ('available', 'paid', 'clawed_back', 'undone') then
        update public.payments_earningstransaction as rows_of
        set status = 'available'
        where rows_of.booking_id = deliver.booking_id and rows_of.status = 'pending';
    end if;

    if state in ('paid', 'clawed_back', 'undone') then
        select interleavings.put('payments_practitionerpayout', jsonb_build_object(
            'practitioner_id', rows_of.practitioner_id, 'status', 'pending', 'payment_method', 'manual',
            'credits_payout_cents', rows_of.net_amount_cents
        ))
        into v_payout_id
        from public.payments_earningstransaction as rows_of
        where rows_of.booking_id = deliver.booking_id and rows_of.status = 'available';

        update public.payments_earningstransaction as rows_of
        set status = 'paid', payout_id = v_payout_id
        where rows_of.booking_id = deliver.booking_id and rows_of.status = 'available';
    end if;
end
$$;

-- interleavings.build(kind, state): a world, as the ids that the operations need and the rows as
-- the app's objects remember them.
--
--   direct    a workshop's booking with its own order, by the before-version
--   package   an order of two sessions of 10001 cents, by the after-version
--   crowded   an order of one session, and a second booking beside it that waits for the slot
--   legacy    a parent booking and two children, by the before-version

create function interleavings.build(kind text, state text)
returns jsonb
language plpgsql
volatile
as $$
declare
    v_world jsonb := jsonb_build_object('kind', kind, 'state', state);
    v_label constant text := gen_random_uuid()::text;
    v_is_package constant boolean := kind <> 'direct';
    v_parent_id bigint;
    v_booking_id bigint;
    v_sibling_id bigint;
    v_rows jsonb;
begin
    v_world := v_world || jsonb_build_object(
        'user_id', interleavings.put('users_user', jsonb_build_object('email', v_label)),
        'practitioner_id', interleavings.put('practitioners_practitioner', jsonb_build_object(
            'slug', v_label,
            'user_id', interleavings.put('users_user', jsonb_build_object('email', 'p' || v_label))
        ))
    );
    v_world := v_world || jsonb_build_object('service_id', interleavings.put('services_service', jsonb_build_object(
        'slug', v_label, 'status', 'active', 'price_cents', 10001, 'validity_days', 365,
        'primary_practitioner_id', v_world -> 'practitioner_id',
        'service_type_id', (select types.id from public.services_servicetype as types where types.code = case when v_is_package then 'session' else 'workshop' end)
    )));
    v_world := v_world || jsonb_build_object('sold_service_id', v_world -> 'service_id');

    if v_is_package then
        v_world := v_world || jsonb_build_object('sold_service_id', interleavings.put('services_service', jsonb_build_object(
            'slug', 'k' || v_label, 'status', 'active', 'price_cents', 10001, 'validity_days', 365,
            'primary_practitioner_id', v_world -> 'practitioner_id',
            'service_type_id', (select types.id from public.services_servicetype as types where types.code = 'package')
        )));
        perform interleavings.put('service_relationships', jsonb_build_object(
            'parent_service_id', v_world -> 'sold_service_id', 'child_service_id', v_world -> 'service_id',
            'quantity', case when kind = 'crowded' then 1 else 2 end
        ));
    else
        v_world := v_world || jsonb_build_object('session_id', interleavings.put('service_sessions', jsonb_build_object(
            'service_id', v_world -> 'service_id', 'status', 'scheduled',
            'start_time', now() - interval '5 days 1 hour', 'end_time', now() - interval '5 days'
        )));
    end if;

    v_world := v_world || jsonb_build_object('order_id', interleavings.put('payments_order', jsonb_build_object(
        'user_id', v_world -> 'user_id', 'service_id', v_world -> 'sold_service_id',
        'practitioner_id', v_world -> 'practitioner_id', 'subtotal_amount_cents', 10001, 'total_amount_cents', 10001,
        'status', 'completed', 'order_type', case when kind in ('package', 'crowded') then 'package' else 'direct' end,
        'payment_method', 'stripe'
    )));

    if kind = 'direct' then
        v_booking_id := interleavings.sell(v_world, jsonb_build_object(
            'price_charged_cents', 10001, 'final_amount_cents', 10001, 'service_session_id', v_world -> 'session_id'
        ));
    else
        if kind = 'legacy' then
            v_parent_id := interleavings.put('bookings_booking', jsonb_build_object(
                'status', 'confirmed', 'payment_status', 'paid', 'max_participants', 1,
                'user_id', v_world -> 'user_id', 'practitioner_id', v_world -> 'practitioner_id',
                'service_id', v_world -> 'sold_service_id', 'is_package_purchase', true,
                'price_charged_cents', 10001, 'final_amount_cents', 10001,
                'start_time', now(), 'end_time', now() + interval '1 hour'
            ));
        end if;
        v_booking_id := interleavings.sell(v_world, jsonb_build_object(
            'order_id', case when kind <> 'legacy' then v_world -> 'order_id' end, 'parent_booking_id', v_parent_id
        ));
        v_sibling_id := interleavings.sell(v_world, jsonb_build_object(
            'order_id', case when kind <> 'legacy' then v_world -> 'order_id' end, 'parent_booking_id', v_parent_id
        ));
    end if;

    select jsonb_build_object(
        'booking', (select to_jsonb(rows_of) from public.bookings_booking as rows_of where rows_of.id = v_booking_id),
        'sibling', (select to_jsonb(rows_of) from public.bookings_booking as rows_of where rows_of.id = v_sibling_id),
        'order', (
            select to_jsonb(rows_of)
            from public.payments_order as rows_of
            where rows_of.id = (v_world ->> 'order_id')::bigint
        )
    )
    into v_rows;

    perform interleavings.deliver(v_booking_id, state);
    perform interleavings.deliver(v_sibling_id, case when kind = 'crowded' then 'delivered' else state end)
    where v_sibling_id is not null;

    -- a refund of what was paid leaves a debit, which a payout may take together with the bonus
    if state = 'undone' then
        perform interleavings.put('payments_usercredittransaction', jsonb_build_object(
            'user_id', v_world -> 'user_id', 'booking_id', paid.booking_id, 'order_id', v_world -> 'order_id',
            'amount_cents', 4000, 'transaction_type', 'refund'
        ))
        from public.payments_earningstransaction as paid
        where paid.practitioner_id = (v_world ->> 'practitioner_id')::bigint and paid.status = 'paid';

        perform interleavings.put('payments_earningstransaction', jsonb_build_object(
            'booking_id', v_booking_id, 'practitioner_id', v_world -> 'practitioner_id', 'gross_amount_cents', 9000,
            'net_amount_cents', 9000, 'status', 'available', 'available_after', now(), 'transaction_type', 'bonus'
        ));

        perform earnings.correct_booking(paid.booking_id, 'confirmed', 'it did not happen')
        from public.payments_earningstransaction as paid
        where paid.practitioner_id = (v_world ->> 'practitioner_id')::bigint and paid.status = 'paid';
    end if;

    if state = 'clawed_back' then
        perform earnings.reverse_booking(paid.booking_id, 'a complaint')
        from public.payments_earningstransaction as paid
        where paid.practitioner_id = (v_world ->> 'practitioner_id')::bigint and paid.status = 'paid';
    end if;

    return v_world || v_rows || jsonb_build_object(
        'started_at', now(),
        'earnings', (
            select coalesce(jsonb_object_agg(rows_of.booking_id, to_jsonb(rows_of)), '{}')
            from public.payments_earningstransaction as rows_of
            where rows_of.practitioner_id = (v_world ->> 'practitioner_id')::bigint
                and rows_of.transaction_type not in ('clawback', 'adjustment', 'bonus')
        ),
        'beside', (
            select coalesce(jsonb_agg(to_jsonb(rows_of)), '[]')
            from public.payments_earningstransaction as rows_of
            where rows_of.practitioner_id = (v_world ->> 'practitioner_id')::bigint
                and rows_of.transaction_type in ('adjustment', 'bonus')
        ),
        'payouts', (
            select coalesce(jsonb_object_agg(paid.booking_id, to_jsonb(payouts)), '{}')
            from public.payments_earningstransaction as paid
            inner join public.payments_practitionerpayout as payouts on paid.payout_id = payouts.id
            where paid.practitioner_id = (v_world ->> 'practitioner_id')::bigint
        )
    );
end
$$;

create table interleavings.kept_worlds (
    kind text not null,
    state text not null,
    world jsonb not null,
    primary key (kind, state)
);

create table interleavings.kept_rows (
    kind text not null,
    state text not null,
    table_name text not null,
    rows_of jsonb[] not null
);

create sequence interleavings.copies start 1;

-- interleavings.shifted(image, distance): a row under ids of its own, unique values too

create function interleavings.shifted(image jsonb, distance bigint)
returns jsonb
language sql
immutable
as $$
    select case when jsonb_typeof(image) = 'object' then (
        select jsonb_object_agg(
            pairs.key,
            case
                when (pairs.key = 'id' or pairs.key like '%\_id')
                    and pairs.key not in ('service_type_id', 'transaction_id')
                    and jsonb_typeof(pairs.value) = 'number'
                    then to_jsonb(pairs.value::bigint + shifted.distance)
                when pairs.key = 'metadata' and pairs.value ? 'original_ids' then pairs.value || jsonb_build_object(
                    'original_ids',
                    (
                        select jsonb_agg(originals.id::bigint + shifted.distance)
                        from jsonb_array_elements_text(pairs.value -> 'original_ids') as originals (id)
                    )
                )
                when pairs.key in ('uuid', 'public_uuid') then to_jsonb(md5((pairs.value #>> '{}') || shifted.distance)::uuid)
                when pairs.key in ('slug', 'email') then to_jsonb((pairs.value #>> '{}') || shifted.distance)
                else pairs.value
            end
        )
        from jsonb_each(shifted.image) as pairs
    ) end;
$$;

-- interleavings.keep(kind, state): builds a world and returns all that it consists of; the
-- caller rolls it back

create function interleavings.keep(kind text, state text)
returns table (world jsonb, table_name text, rows_of jsonb[])
language plpgsql
volatile
as $$
declare
    v_world constant jsonb := interleavings.build(keep.kind, keep.state);
    v_table record;
begin
    set constraints all immediate;
    for v_table in
        select format('%I.%I', tables.table_schema, tables.table_name) as name
        from information_schema.tables
        where tables.table_schema in ('public', 'earnings')
            and tables.table_type = 'BASE TABLE'
            and tables.table_name not in (
                'services_servicetype', 'settings', 'status_rules', 'exception_kinds', 'service_types',
                'objects', 'changes', 'heartbeats', 'balance_queue'
            )
    loop
        world := v_world;
        table_name := v_table.name;
        execute format('select array_agg(to_jsonb(rows_of)) from %s as rows_of', v_table.name) into rows_of;
        if rows_of is not null then
            return next;
        end if;
    end loop;
end
$$;

-- interleavings.make(kind, state): a copy of a kept world

create function interleavings.make(kind text, state text)
returns jsonb
language plpgsql
volatile
set session_replication_role = replica
as $$
declare
    v_distance constant bigint := nextval('interleavings.copies') * 1000;
    v_kept record;
begin
    for v_kept in
        select kept_rows.table_name, kept_rows.rows_of
        from interleavings.kept_rows
        where kept_rows.kind = make.kind and kept_rows.state = make.state
    loop
        execute format(
            'insert into %1$s overriding system value
            select copied.*
            from unnest($1) as image
            cross join lateral jsonb_populate_record(null::%1$s, interleavings.shifted(image, $2)) as copied',
            v_kept.table_name
        )
        using v_kept.rows_of, v_distance;
    end loop;

    return (
        select interleavings.shifted(kept.world, v_distance) || jsonb_build_object(
            'booking', interleavings.shifted(kept.world -> 'booking', v_distance),
            'sibling', interleavings.shifted(kept.world -> 'sibling', v_distance),
            'order', interleavings.shifted(kept.world -> 'order', v_distance),
            'earnings', (
                select coalesce(jsonb_object_agg(pairs.key::bigint + v_distance, interleavings.shifted(pairs.value, v_distance)), '{}')
                from jsonb_each(kept.world -> 'earnings') as pairs
            ),
            'beside', (
                select coalesce(jsonb_agg(interleavings.shifted(image, v_distance)), '[]')
                from jsonb_array_elements(kept.world -> 'beside') as image
            ),
            'payouts', (
                select coalesce(jsonb_object_agg(pairs.key::bigint + v_distance, interleavings.shifted(pairs.value, v_distance)), '{}')
                from jsonb_each(kept.world -> 'payouts') as pairs
            )
        )
        from interleavings.kept_worlds as kept
        where kept.kind = make.kind and kept.state = make.state
    );
end
$$;

-- interleavings.retire(practitioner_id): takes a world that was judged away from the next case's jobs

create function interleavings.retire(practitioner_id bigint)
returns void
language sql
volatile
set session_replication_role = replica
as $$
    delete from public.payments_earningstransaction as rows_of where rows_of.practitioner_id = retire.practitioner_id;
    delete from public.bookings_booking as bookings where bookings.practitioner_id = retire.practitioner_id;
$$;

-- interleavings.set_ids_apart(): what a case inserts gets ids far above those of the copies

create function interleavings.set_ids_apart()
returns void
language plpgsql
volatile
as $$
declare
    v_column record;
begin
    for v_column in
        select columns.table_schema, columns.table_name
        from information_schema.columns
        where columns.table_schema in ('public', 'earnings') and columns.is_identity = 'YES'
    loop
        execute format(
            'alter table %I.%I alter column id restart with 1000000000', v_column.table_schema, v_column.table_name
        );
    end loop;
end
$$;

insert into public.services_servicetype (name, code, is_active, "order", created_at, updated_at)
select code, code, true, 0, now(), now()
from unnest(array['session', 'workshop', 'course', 'package', 'bundle']) as code;
