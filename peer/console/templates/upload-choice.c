/* Who gives us something is served before who does not, else whoever was sent least. Say here what yours
 * does, and why. All that a choice may know and do stands in xfsbus/policies/abi.h. */
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

/* The one of the lowest rank is sent a chunk, of equals the one that was sent least. */
static int rank(void* self, const xfsbus_upload_request* request, const xfsbus_upload_sink* sinks,
                size_t count, double* ranks, char* error, size_t error_size) {
    (void)self, (void)request, (void)error, (void)error_size;
    for (size_t i = 0; i < count; ++i) {
        ranks[i] = XFSBUS_AT(xfsbus_upload_sink, sinks, i)->delivers_bytes_per_s > 0 ? 0 : 1;
    }
    return XFSBUS_POLICY_OK;
}

static const xfsbus_upload_choice_operations operations = {.size = sizeof operations,
                                                           .rank = rank};

const xfsbus_descriptor xfsbus_policy_descriptor = {
    .size = sizeof xfsbus_policy_descriptor,
    .magic = XFSBUS_POLICY_MAGIC,
    .abi_version = XFSBUS_POLICY_ABI,
    .kind = XFSBUS_KIND_UPLOAD_CHOICE,
    .name = "@NAME@",
    .version = "0.1",
    .description = "who gives something is served first",
    .operations = &operations,
    .create = create,
    .destroy = free,
};
