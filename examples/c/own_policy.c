/* Fetches a file, and asks rather those sources that have a label: a policy of the program's own.
 *
 *     own_policy_c LABEL TRACKER NAME DIRECTORY        LABEL as in rack=7 */
#include <xfsbus/xfsbus.h>

#include <stdio.h>
#include <string.h>

/* The context is the label, and serves as the object, too: there is nothing to remember. */
static void* create(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size) {
    (void)parameters, (void)count, (void)error, (void)error_size;
    return services->context;
}

static void destroy(void* self) {
    (void)self;
}

/* In ms; to lack the label is as bad as a second. */
static double cost_of(const xfsbus_source* source, const char* label) {
    return source->latency_ms + 10.0 * source->load + (strstr(source->labels, label) ? 0 : 1000);
}

static int64_t pick(void* self, const xfsbus_request* request, const xfsbus_source* sources,
                    size_t count, xfsbus_random* random, char* error, size_t error_size) {
    size_t best = 0;
    (void)request, (void)random, (void)error, (void)error_size;
    for (size_t i = 1; i < count; ++i) {
        if (cost_of(XFSBUS_AT(xfsbus_source, sources, i), self) <
            cost_of(XFSBUS_AT(xfsbus_source, sources, best), self)) {
            best = i;
        }
    }
    return (int64_t)best;
}

static const xfsbus_peer_selector_operations table = {sizeof table, XFSBUS_PURPOSES, pick};

static const xfsbus_descriptor labelled = {.size = sizeof labelled,
                                           .magic = XFSBUS_POLICY_MAGIC,
                                           .abi_version = XFSBUS_POLICY_ABI,
                                           .kind = XFSBUS_KIND_PEER_SELECTION,
                                           .name = "labelled",
                                           .version = "1.0",
                                           .description = "sources with a label first",
                                           .operations = &table,
                                           .create = create,
                                           .destroy = destroy};

static void fetch(char** arguments, xfsbus_error* error) {
    const xfsbus_own_policy own = {sizeof own, &labelled, arguments[0], NULL};
    const xfsbus_own_policy* const all[] = {&own, NULL};
    const xfsbus_options options = {.size = sizeof options,
                                    .tracker = arguments[1],
                                    .download_directory = arguments[3],
                                    .own_policies = all};
    const xfsbus_download_request request = {sizeof request, arguments[2], .wait_ms = 10000};
    const xfsbus_policy_info* info = NULL;
    xfsbus_peer* peer = NULL;
    if (xfsbus_peer_start(&options, &peer, error) == XFSBUS_OK &&
        xfsbus_peer_download(peer, &request, -1, NULL, error) == XFSBUS_OK &&
        xfsbus_peer_policy(peer, -1, &info, error) == XFSBUS_OK) {
        printf("%s has decided %llu times\n", info->used->name, (unsigned long long)info->picks);
    }
    xfsbus_policy_info_free(info);
    xfsbus_peer_free(peer);
}

int main(int argc, char** argv) {
    xfsbus_error error = {XFSBUS_ERROR_USAGE, "usage: own_policy_c LABEL TRACKER NAME DIRECTORY"};
    if (argc == 5) {
        fetch(argv + 1, &error);
    }
    if (error.code != XFSBUS_OK) {
        fprintf(stderr, "own_policy_c: %s\n", error.message);
    }
    return error.code;
}
