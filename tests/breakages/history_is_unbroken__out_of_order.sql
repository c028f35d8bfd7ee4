-- Also  history_agrees_with_the_ledger
-- The second of two entries is put before the first: neither is where it belongs.
with

pairs as (

    select
        earlier.id as earlier_id,
        earlier.stamped_at as earlier_stamp,
        later.id as later_id
    from earnings.transitions as earlier
    inner join earnings.transitions as later on earlier.earnings_id = later.earnings_id
    where
        earlier.event = 'opening'
        and later.event <> 'opening'
        and (
            select count(*)
            from earnings.transitions as entries
            where entries.earnings_id = earlier.earnings_id
        ) = 2
    order by earlier.id
    limit 1

),

broken as (

    update earnings.transitions
    set stamped_at = pairs.earlier_stamp - interval '1 second'
    from pairs
    where transitions.id = pairs.later_id

)

select unnest(array[earlier_id, later_id]) from pairs
