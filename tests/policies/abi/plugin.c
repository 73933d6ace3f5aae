/* A peer-selection plug-in of ABI 2 in C, as it was written when that was new: abi.h may grow, and
 * this must go on compiling and working. What it does is said in abi_plugin_test.cpp. */
#include <xfsbus/policies/abi.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shared {
    atomic_uint objects;
};

struct policy {
    const xfsbus_services* services;
    uint32_t load_most;
};

static void* make_shared(void) {
    return calloc(1, sizeof(struct shared));
}

static void log_number(const xfsbus_services* services, const char* what,
                       unsigned long long number) {
    char line[64];
    snprintf(line, sizeof line, "%s %llu", what, number);
    services->log(services->host, line);
}

static void* create(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size) {
    struct policy* policy = calloc(1, sizeof *policy);
    struct shared* shared = services->shared(services->host, make_shared, free);
    policy->services = services;
    for (size_t i = 0; i < count; ++i) {
        const xfsbus_parameter* parameter = XFSBUS_AT(xfsbus_parameter, parameters, i);
        if (strcmp(parameter->name, "load_most") == 0) {
            policy->load_most = (uint32_t)strtoul(parameter->value, NULL, 10);
        }
    }
    if (policy->load_most == 0) {
        snprintf(error, error_size, "load_most is 0");
        free(policy);
        return NULL;
    }
    log_number(services, "object", atomic_fetch_add(&shared->objects, 1) + 1);
    if (XFSBUS_HAS(xfsbus_services, services, labels)) {
        services->log(services->host, services->labels);
    }
    return policy;
}

static int64_t pick(void* self, const xfsbus_request* request, const xfsbus_source* sources,
                    size_t count, xfsbus_random* random, char* error, size_t error_size) {
    const struct policy* policy = self;
    int64_t best = XFSBUS_POLICY_NONE;
    uint32_t least = policy->load_most;
    for (size_t i = 0; i < count; ++i) {
        const xfsbus_source* source = XFSBUS_AT(xfsbus_source, sources, i);
        if (source->load < least) {
            least = source->load;
            best = (int64_t)i;
        }
    }
    if (request->bytes == 0) {
        snprintf(error, error_size, "nothing is asked for");
        return XFSBUS_POLICY_FAILED;
    }
    return request->purpose == XFSBUS_PURPOSE_RANK ? (int64_t)(random->next(random->state) % count)
                                                   : best;
}

static int cost(void* self, const xfsbus_source* source, double* value, char* error,
                size_t error_size) {
    (void)self, (void)error, (void)error_size;
    *value = (double)source->flags + (double)source->source_id * 2 +
             (double)strlen(source->endpoint) * 3 + (double)strlen(source->labels) * 5 +
             source->latency_ms * 7 + source->rate_bytes_per_s * 11 + source->completeness * 13 +
             (double)source->outstanding_bytes * 17 + (double)source->window_bytes * 19 +
             (double)source->delivered_bytes * 23 + (double)source->duplicate_bytes * 29 +
             (double)source->in_use_us * 31 + (double)source->silent_us * 37 +
             (double)source->requests * 41 + (double)source->load * 43 +
             (double)source->failures * 47 + (double)source->failures_in_a_row * 53;
    return XFSBUS_POLICY_OK;
}

static int observe(void* self, const xfsbus_source* source, const xfsbus_outcome* outcome,
                   char* error, size_t error_size) {
    const struct policy* policy = self;
    (void)source, (void)error, (void)error_size;
    log_number(policy->services, "outcome",
               outcome->reason + outcome->transfer * 2 + outcome->bytes * 3 +
                   outcome->elapsed_us * 5 + outcome->queued_bytes * 7 + outcome->queued * 11 +
                   outcome->chunk * 13);
    log_number(policy->services, "at", policy->services->now_us(policy->services->host));
    return XFSBUS_POLICY_OK;
}

static const xfsbus_parameter_info parameters[] = {
    {sizeof parameters[0], "load_most", "100", "a source with as much load is not asked"}};

static const xfsbus_peer_selector_operations operations = {sizeof operations, XFSBUS_PURPOSES, pick,
                                                           cost, observe};

const xfsbus_descriptor xfsbus_policy_descriptor = {
    .size = sizeof xfsbus_policy_descriptor,
    .magic = XFSBUS_POLICY_MAGIC,
    .abi_version = XFSBUS_POLICY_ABI,
    .parameter_count = 1,
    .kind = XFSBUS_KIND_PEER_SELECTION,
    .name = "abi-2",
    .version = "2.0",
    .description = "keeps ABI 2 as it was",
    .parameters = parameters,
    .operations = &operations,
    .create = create,
    .destroy = free,
};
