/* The rarest chunk first. Say here what yours does, and why. All that an order may know and do stands
 * in xfsbus/policies/abi.h. */
#include <xfsbus/policies/abi.h>

#include <stdio.h>
#include <stdlib.h>

static void* create(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size) {
    void* order = calloc(1, 1);
    (void)services, (void)parameters, (void)count;
    if (order == NULL) {
        snprintf(error, error_size, "no memory");
    }
    return order;
}

/* The chunk with the lowest rank is asked for first. */
static int rank(void* self, const xfsbus_chunk* chunks, size_t count, double* ranks,
                xfsbus_random* random, char* error, size_t error_size) {
    (void)self, (void)random, (void)error, (void)error_size;
    for (size_t i = 0; i < count; ++i) {
        ranks[i] = XFSBUS_AT(xfsbus_chunk, chunks, i)->copies;
    }
    return XFSBUS_POLICY_OK;
}

static const xfsbus_chunk_order_operations operations = {.size = sizeof operations, .rank = rank};

const xfsbus_descriptor xfsbus_policy_descriptor = {
    .size = sizeof xfsbus_policy_descriptor,
    .magic = XFSBUS_POLICY_MAGIC,
    .abi_version = XFSBUS_POLICY_ABI,
    .kind = XFSBUS_KIND_CHUNK_ORDER,
    .name = "@NAME@",
    .version = "0.1",
    .description = "the rarest chunk first",
    .operations = &operations,
    .create = create,
    .destroy = free,
};
