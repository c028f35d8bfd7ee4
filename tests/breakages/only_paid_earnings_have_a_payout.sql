-- Also  history_agrees_with_the_ledger
update payments_earningstransaction
set payout_id = (select max(id) from payments_practitionerpayout where status = 'failed')
where id = (select min(id) from payments_earningstransaction where status = 'pending')
returning id
