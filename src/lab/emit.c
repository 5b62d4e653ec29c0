/* emit.c - the JSON of the lab. json_pack takes over what it is given, also when it fails, so one
 * check is enough. */
#include "lab/emit.h"

#include "io/json_dump.h"

json_t *weir_emit_text(const char *s)
{
    return s && weir_text_is_utf8(s) ? json_string(s) : json_null();
}

static json_t *weights(const weir_site_numbers *s)
{
    json_t *all = json_object();
    for (int role = 0; all && role < WEIR_BRANCH_ROLES; role++) {
        const weir_weight_numbers *w = &s->weight[role];
        if (!w->there) continue;
        json_t *one = json_pack("{s:o, s:o, s:o}", "rms", weir_json_number(w->rms), "grad_norm",
                                weir_json_number(w->grad_norm), "update_ratio",
                                weir_json_number(w->update_ratio));
        if (json_object_set_new(all, weir_role_name((weir_role)role), one) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

/* The norms of one sublayer; those of its layer start at `first`. */
static json_t *norms(const weir_measurement *m, const weir_site_numbers *s, int first)
{
    json_t *all = json_array();
    for (int i = first; all && i < m->norms && m->norm[i].layer == s->layer; i++) {
        const weir_norm_numbers *n = &m->norm[i];
        if (n->sub != s->sub) continue;
        json_t *one =
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", weir_emit_text(n->name), "in_rms",
                      weir_json_number(n->in_rms), "gamma_mean", weir_json_number(n->gamma_mean),
                      "gamma_min", weir_json_number(n->gamma_min), "gamma_max",
                      weir_json_number(n->gamma_max), "eps_share", weir_json_number(n->eps_share));
        if (json_array_append_new(all, one) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

json_t *weir_emit_layers(const weir_measurement *m)
{
    json_t *all = json_array();
    int first = 0;
    for (int i = 0; all && i < m->sites; i++) {
        const weir_site_numbers *s = &m->site[i];
        while (first < m->norms && m->norm[first].layer < s->layer) first++;
        json_t *one = json_pack(
            "{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "l", s->layer, "sub",
            s->sub == 0 ? "attn" : "mlp", "grad_norm", weir_json_number(s->grad_norm), "resid_rms",
            weir_json_number(s->resid_rms), "branch_rms", weir_json_number(s->branch_rms),
            "dresid_rms", weir_json_number(s->dresid_rms), "max_abs", weir_json_number(s->max_abs),
            "far_share", weir_json_number(s->far_share), "weights", weights(s), "norms",
            norms(m, s, first));
        if (json_array_append_new(all, one) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static json_t *update(double lr, const weir_update *u)
{
    return json_pack("{s:f, s:o, s:o}", "lr", lr, "per_token", weir_json_number(u->branch),
                     "per_token_all", weir_json_number(u->all));
}

json_t *weir_emit_updates(const weir_updates *u)
{
    return json_pack("{s:o, s:o}", "sgd", update(WEIR_UPDATE_SGD_LR, &u->sgd), "adamw",
                     update(WEIR_UPDATE_ADAMW_LR, &u->adamw));
}

json_t *weir_emit_verdict(const weir_verdict *v)
{
    json_t *rules = json_array();
    for (int i = 0; rules && i < v->rules; i++) {
        const weir_rule_result *r = &v->rule[i];
        json_t *one =
            json_pack("{s:s, s:s, s:o, s:o, s:b, s:s, s:o}", "name", r->rule->name, "formula",
                      r->rule->formula, "value", weir_json_number(r->value), "threshold",
                      weir_json_number(r->threshold), "fired", r->fired, "source", r->rule->source,
                      "record", weir_emit_text(r->rule->record));
        if (json_array_append_new(rules, one) != 0) {
            json_decref(rules);
            rules = NULL;
        }
    }
    return json_pack("{s:s, s:s, s:o}", "value", weir_forecast_name(v->value), "suggestion",
                     v->suggestion, "rules", rules);
}

bool weir_emit_dump(const json_t *value, size_t flags, weir_text *out)
{
    return weir_json_dump(value, flags, 9, out);
}
