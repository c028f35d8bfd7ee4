delete from earnings.settings
where name = 'payout_minimum'
returning 4
