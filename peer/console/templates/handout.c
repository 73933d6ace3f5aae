/* The least busy sources are named first. Say here what yours does, and why. All that a handout may
 * know and do stands in xfsbus/policies/abi.h. */
#include <xfsbus/policies/abi.h>

#include <stdio.h>
#include <stdlib.h>

static void* create(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size) {
    void* choice = calloc(1, 1);
    (void)services, (void)parameters, (void)count;
    if (choice == NULL) {
        snprintf(error, error_size, "no memory");
    }
    return choice;
}

/* Those of the lowest ranks are named, equal ones in random order. */
static int rank(void* self, const xfsbus_handout_request* request,
                const xfsbus_handout_source* sources, size_t count, double* ranks, char* error,
                size_t error_size) {
    (void)self, (void)request, (void)error, (void)error_size;
    for (size_t i = 0; i < count; ++i) {
        ranks[i] = XFSBUS_AT(xfsbus_handout_source, sources, i)->load;
    }
    return XFSBUS_POLICY_OK;
}

static const xfsbus_handout_operations operations = {.size = sizeof operations, .rank = rank};

const xfsbus_descriptor xfsbus_policy_descriptor = {
    .size = sizeof xfsbus_policy_descriptor,
    .magic = XFSBUS_POLICY_MAGIC,
    .abi_version = XFSBUS_POLICY_ABI,
    .kind = XFSBUS_KIND_HANDOUT,
    .name = "@NAME@",
    .version = "0.1",
    .description = "the least busy sources first",
    .operations = &operations,
    .create = create,
    .destroy = free,
};
