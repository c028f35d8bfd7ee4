-- Unseen    in what has changed: no entry of the history says so
delete from earnings.transitions
where earnings_id = (select max(earnings_id) from earnings.transitions)
returning earnings_id
