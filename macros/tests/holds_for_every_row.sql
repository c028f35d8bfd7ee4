{#- Fails for every row of which the expression is not true. -#}
{% test holds_for_every_row(model, expression) %}

select *
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
