"""Which attacks are made together: such that none hides another. The longest runs come first."""
from attack import at_source
from attacks import connections, door, false_tracker, half_open, sink, source, tracker
from harness import Run
from special import FalseTrackerRun, HalfOpenRun, IsolatedRun

ALL = [
    HalfOpenRun("Connections to a machine that is cut off are given up", [half_open.HalfOpen],
                fds_wait=30.0),
    FalseTrackerRun("A tracker whose pages and sources never end does not hold or fill its peers",
                    [false_tracker.EndlessPages, false_tracker.EmptyPages, false_tracker.SameCursor,
                     false_tracker.ManySources, false_tracker.SourcesByName]),
    FalseTrackerRun("A tracker that lies, fails or is silent does not hold or end its peers",
                    [false_tracker.FalseAddress, false_tracker.FailureFlood, false_tracker.NoMessages,
                     false_tracker.OtherEpochs, false_tracker.NoAnswer, false_tracker.ShortLease]),

    # ---- at the tracker ----
    Run("Strangers who ask without reading, and reset at any moment, do not end the tracker",
        [tracker.FindsNeverRead, tracker.BurstThenReset], seconds=6.5),
    Run("Pages that nobody reads, and names without end, do not fill the tracker",
        # What a directory may take is the operator's choice; the rest is bounded by itself.
        [tracker.PagesNeverRead, tracker.LongNames, tracker.ManyNames],
        tracker_options=["--memory", "32M"]),
    Run("Costly patterns from 300 connections leave the tracker time for others", [tracker.GlobFlood]),
    Run("Subscriptions of 300 connections to what changes all the time leave the tracker time for others",
        [tracker.SubscriptionFlood]),
    Run("Subscriptions of 300 connections to peers that come and go leave the tracker time for others",
        [tracker.PeerFlood]),
    Run("Pings of the transport without end leave the tracker time for others", [connections.PingFlood]),
    Run("Nobody takes the place of another peer, or registers for another machine",
        [tracker.TakeEndpoint, tracker.TakeEndpointSameHost, tracker.TakeId, tracker.ForeignHost]),
    IsolatedRun("Host names that nobody resolves do not stop anybody", [tracker.HostNames]),
    Run("Garbage, odd greetings and any values in any fields do not disturb the tracker",
        [connections.Garbage, connections.DrippedGreeting, connections.OtherTypes,
         connections.FailureToRouter, connections.FuzzedFields, tracker.FalseCursors]),
    Run("A thousand idle connections and storms of broken ones do not stop the tracker",
        [connections.IdleCrowd, connections.Storm], descriptors=4096),

    # ---- at the source ----
    Run("Messages that never end do not fill the tracker or a source",
        [connections.EndlessSmallFrames, connections.EndlessLargeFrames,
         at_source(connections.EndlessSmallFrames), at_source(connections.EndlessLargeFrames)]),
    Run("Thousands of transfers, and ids used again and again, leave a source time for others",
        [source.ManyTransfers, source.RepeatedIds]),
    Run("Answers that nobody reads, and thousands of ports, do not fill a source",
        [source.ManifestsNeverRead, source.AnswersNeverRead, source.ManyPorts, source.ThirdMachine]),
    Run("A source makes no more connections than it has time for, wherever it is asked to",
        [source.PortAfterPort]),
    Run("Floods of Have, Close, Push and Ping do not disturb a source",
        [source.HaveFlood, source.LookFlood, source.CloseUnknown, source.PushFlood,
         source.RefusedPushes],
        source_options=["--accept-push"]),
    Run("Sinks that reset their connections do not stop a source", [source.ResettingSink]),
    Run("Garbage, storms and any values in any fields do not disturb a source",
        [at_source(connections.Garbage), at_source(connections.Storm),
         at_source(connections.FuzzedFields), at_source(connections.FailureToRouter),
         at_source(connections.OtherTypes)]),

    Run("Sinks that do not read what they are sent do not stop a source", [source.StuckSink]),
    Run("Sinks that take nothing that they are offered do not stop a source",
        [source.HoardingSink]),

    # ---- at the door of a source ----
    Run("Programs that speak HTTP badly, or do not read, do not stop a source or its door",
        [door.DrippedHeads, door.GarbageRequests, door.ReadersWhoDoNotRead],
        source_options=["--http", "{host}:%d" % door.PORT]),

    # ---- at the sink ----
    Run("Lies about a file's manifest and size do not stop its download",
        [sink.WrongManifest, sink.OtherManifest, sink.ShortManifest, sink.DrippedManifest,
         sink.SizeLie, sink.SizeOfNothing]),
    Run("Wrong chunks, and none, do not stop a download",
        [sink.WrongBytes, sink.WrongPlace, sink.RepeatedChunks, sink.OddSizes, sink.EndlessChunk,
         sink.Silent, sink.Frozen]),
    Run("Floods of a source's messages do not stop a download",
        [sink.Haves, sink.RefusalFlood, sink.OtherPeer, sink.HugeLoad, sink.FalseFellow]),
    Run("Strangers at the PULL do not stop a download",
        [sink.PortScan, sink.EndlessPush, sink.GarbageAtPull]),
]
