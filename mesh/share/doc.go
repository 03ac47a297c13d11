// Package share moves files between the members of a mesh: from one to another,
// from one to many who help each other, and from a shelf that others browse.
//
// A program opens a [Sharer] on its node. Who sends collects what is to be sent
// and offers it to an ID; who receives decides on each offer where it lands:
//
//	sharer, err := share.Open(node, share.Config{StateDir: dir, Receive: true})
//	if err != nil {
//		return err
//	}
//	defer sharer.Close()
//
//	content, err := share.Collect(ctx, "holiday.zip", "slides")
//	…
//	transfer, err := sharer.Send(ctx, content, bo)
//	…
//	err = transfer.Wait(ctx)
//
// and on the other side
//
//	for offer := range sharer.Offers(ctx) {
//		transfer, err := offer.Accept(ctx, share.Destination{Dir: "Downloads"})
//		…
//	}
package share
