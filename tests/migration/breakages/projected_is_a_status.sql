delete from earnings.status_rules where from_status = 'new' and to_status = 'projected'
