{#- Fails for every group whose cents do not add up to what the other relation says the whole is. -#}
{% test conserves_cents(model, column_name, group_by, to, whole, only='true') %}

with

parts as (

    select
        {{ group_by }},
        sum({{ column_name }}) as cents
    from {{ model }}
    group by {{ group_by }}

),

wholes as (

    select
        {{ group_by }},
        {{ whole }} as cents
    from {{ to }}
    where {{ only }}

)

select
    {{ group_by }},
    parts.cents as sum_of_parts_cents,
    wholes.cents as whole_cents
from parts
full outer join wholes using ({{ group_by }})
where parts.cents is distinct from wholes.cents

{% endtest %}
