// Fetches a file from the bus, or all that match a pattern: xfsbus embedded in another program.
//
//     fetch TRACKER NAME DIRECTORY        fetch tcp://192.168.1.2:7470 model.bin /tmp
#include <xfsbus/peer/peer.hpp>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <system_error>
#include <utility>

namespace {

using namespace xfsbus;

int complain(Error const& error) {
    std::cerr << "fetch: " << error.message << "\n";
    return 1;
}

void show(peer::DownloadProgress const& progress) {
    std::cerr << progress.bytes_done << " of " << progress.bytes_total << " bytes from "
              << progress.sources << " sources\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return complain({Errc::usage, "usage: fetch TRACKER NAME DIRECTORY"});
    }
    peer::PeerOptions options;
    options.tracker = argv[1];
    options.download_directory = argv[3];  // nothing is shared: options.directory stays empty
    auto started = peer::Peer::start(std::move(options));
    if (!started) {
        return complain(started.error());
    }
    auto& self = *started.value();
    if (auto known = self.wait_for_tracker(std::chrono::seconds(10)); !known) {
        return complain(known.error());
    }
    peer::DownloadRequest request;
    request.name = argv[2];
    auto const report = self.download(request, show);
    if (!report) {
        return complain(report.error());
    }
    for (auto const& file : report->files) {
        if (file.error) {
            return complain(*file.error);
        }
        std::cout << file.name << ": " << file.size << " bytes, verified\n";
    }
    if (!std::cout.flush()) {
        auto const why = std::generic_category().message(errno);
        return complain({Errc::disk, "cannot write to stdout: " + why});
    }
    return 0;
}
