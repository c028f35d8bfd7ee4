update payments_order
set
    package_metadata = jsonb_set(
        package_metadata, '{sessions_completed}', to_jsonb((package_metadata ->> 'sessions_completed')::integer + 1)
    )
where id = (select min(id) from payments_order where order_type = 'package')
returning id
