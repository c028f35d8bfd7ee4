-- Gives the rows that a batch inserts their ids, so that they can be recorded with them.

update planned
set
    row_id = allocated.id,
    after = planned.after || jsonb_build_object('id', allocated.id)
from (
    select
        numbered.ctid as place,
        nextval(pg_get_serial_sequence(numbered.table_name, 'id')) as id
    from (
        select
            planned.ctid,
            planned.table_name
        from planned
        where planned.row_id is null
        order by planned.table_name, (planned.after ->> 'booking_id')::bigint
    ) as numbered
) as allocated
where planned.ctid = allocated.place;
