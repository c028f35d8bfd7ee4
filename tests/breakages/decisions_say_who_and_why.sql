update earnings.exceptions
set resolved_at = now(), resolved_by = 'ann', resolution = ' '
where id = (select min(id) from earnings.exceptions where resolved_at is null)
returning id
