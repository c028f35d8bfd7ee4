{#- Fails for every value that no row of the seed lists in one of the columns named. -#}
{% test accepted_from_seed(model, column_name, seed, seed_columns) %}

select
    {{ column_name }},
    count(*) as row_count
from {{ model }}
where
    {{ column_name }} is not null
    {% for seed_column in seed_columns -%}
    and {{ column_name }} not in (select {{ seed_column }} from {{ seed }})
    {% endfor %}
group by {{ column_name }}

{% endtest %}
