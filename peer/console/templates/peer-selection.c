/* The nearest source that is not too busy. Say here what yours does, and why. All that a policy may
 * know and do stands in xfsbus/policies/abi.h. */
#include <xfsbus/policies/abi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct policy {
    double weight;
};

static void* create(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size) {
    struct policy* policy = calloc(1, sizeof *policy);
    (void)services;
    if (policy == NULL) {
        snprintf(error, error_size, "no memory");
        return NULL;
    }
    for (size_t i = 0; i < count; ++i) {
        const xfsbus_parameter* parameter = XFSBUS_AT(xfsbus_parameter, parameters, i);
        if (strcmp(parameter->name, "weight") == 0) {
            char* end = NULL;
            policy->weight = strtod(parameter->value, &end);
            if (end == parameter->value || *end != '\0') {
                snprintf(error, error_size, "weight is no number: %s", parameter->value);
                free(policy);
                return NULL;
            }
        }
    }
    return policy;
}

static double cost_of(const struct policy* policy, const xfsbus_source* source) {
    return source->latency_ms + policy->weight * source->load;
}

/* Which of these gets the next request. All of them could serve it now. */
static int64_t pick(void* self, const xfsbus_request* request, const xfsbus_source* sources,
                    size_t count, xfsbus_random* random, char* error, size_t error_size) {
    size_t best = 0;
    (void)request, (void)random, (void)error, (void)error_size;
    for (size_t i = 1; i < count; ++i) {
        if (cost_of(self, XFSBUS_AT(xfsbus_source, sources, i)) <
            cost_of(self, XFSBUS_AT(xfsbus_source, sources, best))) {
            best = i;
        }
    }
    return (int64_t)best;
}

/* What `find` shows and `--trace` records; lower is better. */
static int cost(void* self, const xfsbus_source* source, double* value, char* error,
                size_t error_size) {
    (void)error, (void)error_size;
    *value = cost_of(self, source);
    return XFSBUS_POLICY_OK;
}

static const xfsbus_parameter_info parameters[] = {
    {sizeof parameters[0], "weight", "10", "what one more transfer costs, in ms"}};

static const xfsbus_peer_selector_operations operations = {
    .size = sizeof operations, .purposes = XFSBUS_PURPOSES, .pick = pick, .cost = cost};

const xfsbus_descriptor xfsbus_policy_descriptor = {
    .size = sizeof xfsbus_policy_descriptor,
    .magic = XFSBUS_POLICY_MAGIC,
    .abi_version = XFSBUS_POLICY_ABI,
    .parameter_count = 1,
    .kind = XFSBUS_KIND_PEER_SELECTION,
    .name = "@NAME@",
    .version = "0.1",
    .description = "the nearest source that is not too busy",
    .parameters = parameters,
    .operations = &operations,
    .create = create,
    .destroy = free,
};
